data "asm_tokens" "all" {}

output "tokens_by_status" {
  value = { for token in data.asm_tokens.all.tokens : token.status => token.name... }
}
