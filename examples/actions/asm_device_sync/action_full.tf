# Every device. Within seven days of the last full sync it runs as an incremental
# one, and the plan says so.
action "asm_device_sync" "everything" {
  config {
    token_id = asm_token.district.id
    kind     = "full"
  }
}
