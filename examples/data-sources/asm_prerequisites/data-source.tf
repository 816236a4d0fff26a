# Intune: what is missing is shown after every plan and apply, and stops neither.
# The data source stands outside the check: inside of it, every plan would count
# as a change.
data "asm_prerequisites" "district" {
  token_id = asm_token.district.id

  # The domains of those who enroll iPads with user affinity.
  federated_domains = ["school.example"]
}

check "ready_to_enroll" {
  assert {
    condition = data.asm_prerequisites.district.ready
    error_message = join("\n", [
      for name, item in data.asm_prerequisites.district.items :
      "${name} is ${item.verdict}. ${item.found} ${item.do}" if !contains(["met", "warning"], item.verdict)
    ])
  }
}
