# The devices that need a factory reset before they take their profile.
data "asm_devices" "all" {
  token_id = asm_token.district.id
  details  = true
}

output "to_reset" {
  value = [for serial, device in data.asm_devices.all.devices : serial if device.needs_reset]
}
