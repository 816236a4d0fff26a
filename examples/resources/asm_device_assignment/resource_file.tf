# The devices of a file, one serial number a line. Begin the path with
# path.module, so that it is the same wherever the command runs.
resource "asm_device_assignment" "library" {
  token_id            = asm_token.district.id
  profile_id          = asm_enrollment_profile.library.id
  serial_numbers_file = "${path.module}/library.txt"

  # These devices come from the classroom profile where they have it.
  take_over_from = [asm_enrollment_profile.classroom.id]

  # Devices taken out of the file go back to the classroom profile.
  on_leave            = "fallback"
  fallback_profile_id = asm_enrollment_profile.classroom.id

  # Devices that are still on their way: assigned when a sync brings them in.
  missing_devices = "wait"

  # At most this many may leave or move in one apply.
  max_changes = "25%"
}
