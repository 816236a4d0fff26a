data "asm_sync_status" "district" {
  token_id = asm_token.district.id
}

check "devices_are_synced" {
  assert {
    condition     = data.asm_sync_status.district.last_error == null
    error_message = "The last sync failed: ${coalesce(data.asm_sync_status.district.last_error, "it did not")}"
  }
}

output "next_full_sync" {
  value = data.asm_sync_status.district.next_full_at
}
