# A nightly apply syncs again when the last good sync is a day old.
resource "asm_device_sync" "daily" {
  token_id = asm_token.district.id
  max_age  = "24h"
}
