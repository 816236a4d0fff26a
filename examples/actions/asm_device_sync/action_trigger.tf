# New iPads get the default profile in a sync, so there is one as soon as the
# default is another profile.
resource "asm_default_profile" "classroom" {
  token_id   = asm_token.district.id
  profile_id = asm_enrollment_profile.classroom.id
  platform   = "ios"

  lifecycle {
    action_trigger {
      events  = [after_create, after_update]
      actions = [action.asm_device_sync.classroom]
    }
  }
}

action "asm_device_sync" "classroom" {
  config {
    token_id     = asm_token.district.id
    on_throttled = "wait"
    timeouts     = { invoke = "45m" }
  }
}
