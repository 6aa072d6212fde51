// Lets the cluster's own key in, for the account that the host was added with.
import { CHANGE_KEYS, NOT_WRITABLE } from '../authorized-keys.ts'
import { say } from '../say.ts'
import { SshError, hopName } from '../ssh/contract.ts'
import type { Step } from './contract.ts'

const LOOK = `IFS= read -r line; grep -qF -- "$line" "$HOME/.ssh/authorized_keys" 2>/dev/null`

/**
 * What was made is noted beside the key, so that removing leaves nothing behind. sshd takes the first line with a key: one
 * that only leads on (`OPEN_DOOR`) stands behind this one.
 */
const ADD = `
${CHANGE_KEYS}
IFS= read -r line
key=\${line#* }
make
grep -qF -- "$line" "$file" && exit 0
begin
if grep -qF -- "$key" "$file"; then
  printf '%s%s\\n' "$line" "$made" > "$new"
  cat "$file" >> "$new"
else
  [ -z "$(tail -c1 "$file")" ] || echo >> "$new"
  printf '%s%s\\n' "$line" "$made" >> "$new"
fi
keep
`

const REMOVE = `
${CHANGE_KEYS}
IFS= read -r line
entry=$(grep -F -- "$line" "$file" 2>/dev/null) || exit 0
begin
grep -vF -- "$line" "$file" > "$new" || [ $? -eq 1 ]
keep
unmake "$entry"
`

export const authorizeKey: Step = {
  name: 'authorize-key',
  async plan({ ssh, ownKey, signal }) {
    const { code } = await ssh.run(LOOK, { input: `${ownKey.authorizedLine}\n`, signal })
    return code === 0
      ? []
      : [say("add the cluster's own key to ~/.ssh/authorized_keys of {user}", { user: ssh.hop.user })]
  },
  async apply({ ssh, ownKey, signal }) {
    const { code, stderr } = await ssh.run(ADD, { input: `${ownKey.authorizedLine}\n`, signal })
    if (code === NOT_WRITABLE)
      throw new SshError(
        'CommandFailed',
        `the home of ${hopName(ssh.hop)} is read-only, and the cluster's own key goes into it, by which the host is reached from now on; nothing was changed. Make it writable, or add the host with another user, such as root`,
      )
    if (code !== 0)
      throw new SshError('CommandFailed', `adding the key failed on ${hopName(ssh.hop)}: ${stderr.trim()}`)
  },
}

export const withdrawKey: Step = {
  name: 'withdraw-key',
  async plan({ ssh, ownKey, signal }) {
    const { code } = await ssh.run(LOOK, { input: `${ownKey.authorizedLine}\n`, signal })
    return code === 0
      ? [say("take the cluster's own key out of ~/.ssh/authorized_keys of {user}", { user: ssh.hop.user })]
      : []
  },
  async apply({ ssh, ownKey, signal }) {
    await ssh.must(REMOVE, { what: 'taking the key out', input: `${ownKey.authorizedLine}\n`, signal })
  },
}
