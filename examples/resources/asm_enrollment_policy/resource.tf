# An iPad for one person, who signs in in Setup Assistant.
resource "asm_enrollment_policy" "staff" {
  token_id                = asm_token.district.id
  name                    = "Staff iPad"
  user_affinity           = true
  locked_enrollment       = true
  await_device_configured = true
  device_name_template    = "Staff-{{SERIAL}}"
  department              = "School IT"
  department_phone        = "+1 555 0100"

  # What is listed is hidden in Setup Assistant, every other known pane is shown.
  skip_setup_items = ["AppleID", "Diagnostics", "Location", "Payment", "Restore", "Siri", "TOS"]

  lifecycle {
    create_before_destroy = true
  }
}
