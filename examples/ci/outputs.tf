# What to upload in Apple School Manager. Figures that change by themselves, such
# as days left, are no outputs here: each night would be a change.
output "public_key_pem" {
  value = asm_token.district.public_key_pem
}

output "token_status" {
  value = asm_token.district.status
}

output "token_expires_at" {
  value = asm_token.district.expires_at
}

output "ipads_with_profile" {
  value = one(asm_device_assignment.classroom[*].device_count)
}
