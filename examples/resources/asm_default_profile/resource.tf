# iPads that a later sync brings in get this profile.
resource "asm_default_profile" "ipads" {
  token_id   = asm_token.district.id
  platform   = "ios"
  profile_id = asm_enrollment_profile.classroom.id
}
