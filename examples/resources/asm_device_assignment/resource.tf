# Every iPad without a profile gets this one. The profile's own id stands in the
# selection too, so that a device which was assigned stays selected.
data "asm_devices" "classroom" {
  token_id   = asm_token.district.id
  family     = "iPad"
  assignment = ["unassigned", asm_enrollment_profile.classroom.id]
}

resource "asm_device_assignment" "classroom" {
  token_id           = asm_token.district.id
  profile_id         = asm_enrollment_profile.classroom.id
  serial_number_list = data.asm_devices.classroom.serial_number_list

  # An apply in which a device failed ends with this error, and what succeeded
  # stays.
  lifecycle {
    postcondition {
      condition     = self.failed_count == 0
      error_message = "${self.failed_count} iPads did not get the profile: ${join(", ", self.failed_serial_numbers)}"
    }
  }
}
