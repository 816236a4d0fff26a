# Both come from pipeline.sh. The server token is ephemeral: it is in no state
# and in no saved plan. Nothing that is kept may be computed from an ephemeral
# value, so its version, the SHA-256 of the file, is computed by the script. A
# server token is encrypted for the token's key pair; its digest tells nothing.
variable "server_token" {
  description = "Content of the .p7m file that Apple School Manager gives; null in the first apply of all, which makes the key pair."
  type        = string
  default     = null
  ephemeral   = true
  sensitive   = true
}

variable "server_token_version" {
  description = "SHA-256 of server_token: another file has another version, and is uploaded."
  type        = string
  default     = null
}
