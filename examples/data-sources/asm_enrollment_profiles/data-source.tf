data "asm_enrollment_profiles" "district" {
  token_id = asm_token.district.id
}

output "devices_per_profile" {
  value = { for profile in data.asm_enrollment_profiles.district.profiles : profile.name => profile.device_count }
}
