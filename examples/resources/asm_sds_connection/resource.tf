resource "asm_sds_connection" "district" {
  token_id = asm_token.district.id
}
