# A classic profile, the policy that follows it, and the devices, which move from
# one to the other.
resource "asm_enrollment_profile" "classroom" {
  token_id          = asm_token.district.id
  name              = "Classroom"
  supervised        = true
  locked_enrollment = true
  shared_ipad       = { maximum_cached_users = 6 }
  department        = "School IT"
  department_phone  = "+1 555 0100"
  skip_setup_items  = ["AppleID", "Siri", "TOS"]
}

resource "asm_enrollment_policy" "classroom" {
  token_id          = asm_token.district.id
  name              = "Classroom"
  locked_enrollment = true
  shared_ipad       = { maximum_cached_users = 6 }
  department        = "School IT"
  department_phone  = "+1 555 0100"
  skip_setup_items  = ["AppleID", "Siri", "TOS"]
}

resource "asm_default_profile" "ios" {
  token_id   = asm_token.district.id
  profile_id = asm_enrollment_policy.classroom.profile_id
}

data "asm_devices" "classroom" {
  token_id   = asm_token.district.id
  assignment = [asm_enrollment_profile.classroom.id, asm_enrollment_policy.classroom.profile_id]
}

# profile_id has changed. take_over_from and max_changes are for devices that
# somebody gave the classic profile meanwhile.
resource "asm_device_assignment" "classroom" {
  token_id           = asm_token.district.id
  profile_id         = asm_enrollment_policy.classroom.profile_id
  serial_number_list = data.asm_devices.classroom.serial_number_list
  take_over_from     = [asm_enrollment_profile.classroom.id]
  max_changes        = "100%"
  on_leave           = "keep"
}
