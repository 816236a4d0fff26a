#!/bin/sh
# pipeline.sh init|check|preview|plan|apply
#
# What a pipeline does with the configuration in this directory, whichever system runs it.
#
#   init     before everything else, once in each job
#   check    the files are formatted and valid
#   preview  what an apply would do, for a pull request; keeps no plan
#   plan     the same, with the plan kept for "apply"
#   apply    applies the plan that was kept, and nothing else
#
# From the environment:
#
#   TF                 terraform (the default), tofu, or the path of one
#   SERVER_TOKEN       the .p7m file of Apple School Manager, as it is or as one line of base64;
#   SERVER_TOKEN_FILE  or the path of a file with either
#   BOOTSTRAP          true for the first apply of all, which makes the key pair and has no server token yet
#   ONLY_ROUTINE       true where nobody looks: "apply" refuses a plan that is more than a night's routine
#   PLAN_PASSPHRASE    where the plan goes from job to job: it is kept encrypted with this
#   PLAN_DIR           where the plan and what is said about it are kept; .pipeline
#
# plan.env in that directory is for the pipeline: changes=true|false, and routine=true when what would be changed is a
# sync that is due and the devices that it brings. plan.txt is for people, plan.json for GitLab.
#
# Exit codes: 0 is done, with changes or without; 1 is refused or failed.
set -eu
set +x # whoever turned tracing on would print the server token

cd "$(dirname "$0")"
TF=${TF:-terraform}
PLAN_DIR=${PLAN_DIR:-.pipeline}
LOCK_TIMEOUT=${LOCK_TIMEOUT:-10m}
export TF_IN_AUTOMATION=1 TF_INPUT=0
umask 077

die() {
	echo "pipeline.sh: $*" >&2
	exit 1
}

sha256() {
	if command -v sha256sum >/dev/null; then sha256sum; else shasum -a 256; fi | cut -d ' ' -f 1
}

# one_line: nothing but base64, whatever its line breaks. A .p7m file has headers, with colons in them.
one_line() {
	case $(printf '%s' "$1" | tr -d '[:space:]') in *[!A-Za-z0-9+/=]*) return 1 ;; esac
}

# server_token gives the server token to the configuration, with its version. Both stay in this process and its children.
server_token() {
	token=${SERVER_TOKEN:-}
	if [ -z "$token" ] && [ -n "${SERVER_TOKEN_FILE:-}" ]; then
		token=$(cat "$SERVER_TOKEN_FILE") || die "SERVER_TOKEN_FILE cannot be read"
	fi
	if [ -z "$token" ]; then
		bootstrap
		return
	fi
	# Either form of one file has one version: what substitutes a command drops line breaks at the end, in both.
	if one_line "$token"; then
		token=$(printf '%s' "$token" | base64 -d 2>/dev/null) || die "SERVER_TOKEN is neither a .p7m file nor base64 of one"
	else
		token=$(printf '%s' "$token")
	fi
	TF_VAR_server_token=$token
	TF_VAR_server_token_version=$(printf '%s' "$token" | sha256)
	export TF_VAR_server_token TF_VAR_server_token_version
}

# bootstrap allows a run without a server token where nothing depends on one yet. A secret that is missing, as it is in
# a pull request from a fork, must not become a plan that destroys everything.
bootstrap() {
	[ "${BOOTSTRAP:-}" = true ] || die "SERVER_TOKEN is empty. Give this job the secret; or, in the first apply of all, set BOOTSTRAP=true."
	managed=$("$TF" state list 2>&1) || case $managed in
	*"No state file was found"*) managed= ;;
	*) die "SERVER_TOKEN is empty, and what is set up already cannot be read: $managed" ;;
	esac
	if printf '%s\n' "$managed" | grep -E '^(module\..*\.)?asm_' | grep -Evq '^(module\..*\.)?(data\.asm_|asm_token\.)'; then
		die "SERVER_TOKEN is empty, and enrollment is set up already: without it everything would be destroyed. Give this job the secret."
	fi
	unset TF_VAR_server_token TF_VAR_server_token_version
}

init() {
	"$TF" init -input=false -no-color
}

# make_plan plans with more arguments. The tool's exit code is 0 without changes, 2 with changes, and 1 when it failed.
# Planning takes no lock, so that reading is all that the job has to be permitted: where the state has changed since, the
# plan is stale, and the tool refuses to apply it.
make_plan() {
	code=0
	"$TF" plan -detailed-exitcode -input=false -no-color -lock=false "$@" >"$PLAN_DIR/plan.txt" 2>&1 || code=$?
	cat "$PLAN_DIR/plan.txt"
	case $code in
	0) changes=false ;;
	2) changes=true ;;
	*) die "$TF plan failed with exit code $code" ;;
	esac
	report
}

# report writes plan.env and plan.json.
report() {
	routine=false
	if [ "$changes" = true ] && beyond=$(beyond_routine) && [ -z "$beyond" ]; then routine=true; fi
	printf 'changes=%s\nroutine=%s\n' "$changes" "$routine" >"$PLAN_DIR/plan.env"
	sed -n 's/^Plan: \(.*, \)*\([0-9]*\) to add, \([0-9]*\) to change, \([0-9]*\) to destroy.*/{"create":\2,"update":\3,"delete":\4}/p' \
		"$PLAN_DIR/plan.txt" >"$PLAN_DIR/plan.json"
	[ -s "$PLAN_DIR/plan.json" ] || echo '{"create":0,"update":0,"delete":0}' >"$PLAN_DIR/plan.json"
}

# beyond_routine lists what a night may not change by itself. It may: a sync that is due, what is read after it, and the
# devices of an assignment. Anything else, an assignment's profile and its settings too, is for a person to look at.
beyond_routine() {
	awk '
		/^  # [^(]/ {
			assignment = /^  # asm_device_assignment[.][^ ]* will be updated in-place$/
			if (!assignment && !/^  # asm_device_sync[.][^ ]* will be updated in-place$/ && !/^  # data[.][^ ]* will be read during apply$/) print
		}
		/^    [}]$/ { assignment = 0 }
		assignment && /^      [-+~] / && !/^      [-+~] (serial_number_list|serial_numbers|devices_sha256|device_count|failed_count|failed_serial_numbers|pending_count) /
	' "$PLAN_DIR/plan.txt"
}

# lock_up leaves the kept plan encrypted, where there is a passphrase. It holds no server token, but all of the state.
lock_up() {
	[ -n "${PLAN_PASSPHRASE:-}" ] || return 0
	openssl enc -aes-256-cbc -pbkdf2 -salt -pass env:PLAN_PASSPHRASE -in "$PLAN_DIR/tfplan" -out "$PLAN_DIR/tfplan.enc"
	rm "$PLAN_DIR/tfplan"
}

unlock() {
	[ -f "$PLAN_DIR/tfplan.enc" ] || return 0
	[ -n "${PLAN_PASSPHRASE:-}" ] || die "the plan is encrypted, and PLAN_PASSPHRASE is empty"
	openssl enc -d -aes-256-cbc -pbkdf2 -pass env:PLAN_PASSPHRASE -in "$PLAN_DIR/tfplan.enc" -out "$PLAN_DIR/tfplan" 2>/dev/null ||
		die "the plan cannot be decrypted: PLAN_PASSPHRASE is another one"
}

forget_plan() {
	rm -f "$PLAN_DIR/tfplan" "$PLAN_DIR/tfplan.enc"
}

check() {
	"$TF" fmt -check -diff
	"$TF" validate -no-color
}

preview() {
	forget_plan
	server_token
	make_plan
}

plan() {
	forget_plan
	server_token
	make_plan -out="$PLAN_DIR/tfplan"
	# The version that was planned: another secret by the time of the apply is another plan.
	echo "version=${TF_VAR_server_token_version:-none}" >>"$PLAN_DIR/plan.env"
	lock_up
}

# apply uses the plan up, whatever comes of it: a plan is never applied twice.
apply() {
	trap forget_plan EXIT
	unlock
	[ -f "$PLAN_DIR/tfplan" ] || die "there is no plan to apply: run \"pipeline.sh plan\" first"
	if [ "${ONLY_ROUTINE:-}" = true ] && grep -q '^changes=true$' "$PLAN_DIR/plan.env" && ! grep -q '^routine=true$' "$PLAN_DIR/plan.env"; then
		die "the plan is more than a night's routine. Look at it, and run the pipeline by hand."
	fi
	server_token
	grep -qx "version=${TF_VAR_server_token_version:-none}" "$PLAN_DIR/plan.env" ||
		die "SERVER_TOKEN is not the one that was planned with. Plan again."
	"$TF" apply -input=false -no-color -lock-timeout="$LOCK_TIMEOUT" "$PLAN_DIR/tfplan"
}

mkdir -p "$PLAN_DIR"
case ${1:-} in
init | check | preview | plan | apply) "$1" ;;
*) die "usage: pipeline.sh init|check|preview|plan|apply" ;;
esac
