# Intune: a plan warns 60 days before the push certificate expires.
data "asm_push_certificate" "tenant" {
  expiry_warning_days = 60
}

output "push_certificate" {
  value = {
    renew_as   = data.asm_push_certificate.tenant.apple_id
    expires_at = data.asm_push_certificate.tenant.expires_at
    days_left  = data.asm_push_certificate.tenant.days_left
  }
}
