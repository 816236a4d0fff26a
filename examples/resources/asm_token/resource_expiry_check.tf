# Every plan warns 60 days before the server token expires. Before the first
# upload there is no expires_at, so the condition has to allow for null.
check "server_token_expiry" {
  assert {
    condition = (
      asm_token.district.expires_at == null
      ? true
      : timecmp(plantimestamp(), timeadd(asm_token.district.expires_at, "-1440h")) < 0
    )
    error_message = "The server token expires on ${coalesce(asm_token.district.expires_at, "an unknown day")}: renew it."
  }
}
