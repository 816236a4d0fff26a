# One full sync for each school year: change the text to have another. Within
# seven days of the last full sync it runs as an incremental one and says so.
resource "asm_device_sync" "year" {
  token_id = asm_token.district.id
  kind     = "full"
  triggers = { year = "2026" }
}
