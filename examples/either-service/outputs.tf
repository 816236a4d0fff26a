# What to upload in Apple School Manager.
output "public_key_pem" {
  value = asm_token.district.public_key_pem
}

output "token" {
  value = {
    name       = asm_token.district.name
    status     = asm_token.district.status
    expires_at = asm_token.district.expires_at
  }
}

data "asm_sync_status" "district" {
  count = local.have_token ? 1 : 0

  token_id   = asm_token.district.id
  depends_on = [asm_device_sync.daily]
}

output "sync" {
  value = one([for s in data.asm_sync_status.district : {
    devices      = s.device_count
    next_full_at = s.next_full_at
  }])
}

data "asm_enrollment_profiles" "district" {
  count = local.have_token ? 1 : 0

  token_id   = asm_token.district.id
  depends_on = [asm_device_assignment.classroom]
}

output "assigned" {
  value = { for p in flatten(data.asm_enrollment_profiles.district[*].profiles) : p.name => p.device_count }
}
