# An iPad that six students use, each with a Managed Apple Account. User
# affinity is left out: it is planned as what Shared iPad needs.
resource "asm_enrollment_profile" "classroom" {
  token_id                = asm_token.district.id
  name                    = "Classroom Shared iPad"
  supervised              = true
  locked_enrollment       = true
  shared_ipad             = { maximum_cached_users = 6 }
  await_device_configured = true

  lifecycle {
    create_before_destroy = true
  }
}
