# Intune: an iPad for one person, who signs in with modern authentication.
resource "asm_enrollment_profile" "teachers" {
  token_id             = asm_token.district.id
  name                 = "Teachers"
  authentication       = "modern"
  locked_enrollment    = true
  device_name_template = "T-{{SERIAL}}"
  department           = "School IT"
  department_phone     = "+1 555 0100"
  skip_setup_items     = ["Diagnostics", "Payment", "Siri", "TOS"]

  lifecycle {
    create_before_destroy = true
  }
}

# Intune: a Shared iPad. Microsoft Graph wants user affinity off here, so it is
# planned as false.
resource "asm_enrollment_profile" "carts" {
  token_id = asm_token.district.id
  name     = "Carts"

  shared_ipad = {
    maximum_cached_users       = 10
    user_session_timeout       = 900
    passcode_lock_grace_period = 300
  }
}
