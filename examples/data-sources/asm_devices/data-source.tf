# What is free, and what the profile has already: give serial_number_list to an
# asm_device_assignment.
data "asm_devices" "classroom" {
  token_id   = asm_token.district.id
  family     = "iPad"
  assignment = ["unassigned", asm_enrollment_profile.classroom.id]
}

output "classroom_ipads" {
  value = data.asm_devices.classroom.device_count
}
