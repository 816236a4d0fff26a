# An iPad for one person.
resource "asm_enrollment_profile" "staff" {
  token_id          = asm_token.district.id
  name              = "Staff iPad"
  user_affinity     = true
  locked_enrollment = true
  pairing           = { mode = "deny" }
  department        = "School IT"
  department_phone  = "+1 555 0100"

  # What is listed is not shown in Setup Assistant.
  skip_setup_items = ["Diagnostics", "Location", "Payment", "Restore", "Siri", "TOS"]

  lifecycle {
    create_before_destroy = true
  }
}
