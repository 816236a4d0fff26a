# terraform apply -invoke=action.asm_device_sync.now
action "asm_device_sync" "now" {
  config {
    token_id = asm_token.district.id
  }
}
