// Jump hosts let the cluster's own key through to the hosts behind them, so that a server that the control plane has moved
// to reaches those: to their SSH ports and nowhere else, and to run nothing.
import { CHANGE_KEYS } from '../authorized-keys.ts'
import type { OwnKey } from '../own-key.ts'
import type { SshConnection } from '../ssh/connection.ts'
import { type Hop, endpointName, hopName } from '../ssh/contract.ts'

export interface Door {
  /** To the jump host, which is the last. */
  readonly route: readonly Hop[]
  /** `host:port` as the jump host knows them. */
  readonly opens: readonly string[]
}

/** @param routes to hosts; those without jump hosts need no door. @returns one door a jump host and account */
export function doorsOf(routes: readonly (readonly Hop[])[]): Door[] {
  const doors = new Map<string, { readonly route: readonly Hop[]; readonly opens: Set<string> }>()
  for (const route of routes)
    for (const [i, next] of route.slice(1).entries()) {
      const jump = route[i] as Hop
      const door = doors.get(hopName(jump)) ?? { route: route.slice(0, i + 1), opens: new Set() }
      door.opens.add(endpointName(next))
      doors.set(hopName(jump), door)
    }
  return [...doors.values()].map(({ route, opens }) => ({ route, opens: [...opens].sort() }))
}

export const doorName = ({ route }: Door): string => hopName(route.at(-1) as Hop)

/** The key, the line of an account that it may do more with, and the new line. An earlier one of this kind goes. */
const OPEN_DOOR = `
${CHANGE_KEYS}
IFS= read -r key
IFS= read -r full
IFS= read -r line
export key
make
grep -qF -- "$full" "$file" && exit 0
before=$(grep -F -- "$key" "$file" | sed -n 's/.* flotilla:[0-9a-f]*\\(:.*\\)/\\1/p')
begin
awk '!(index($0, ENVIRON["key"]) && /^restrict,/)' "$file" > "$new"
printf '%s%s\\n' "$line" "$made$before" >> "$new"
keep
`

const CLOSE_DOOR = `
${CHANGE_KEYS}
IFS= read -r key
export key
entry=$(grep -F -- "$key" "$file" 2>/dev/null | grep '^restrict,') || exit 0
begin
awk '!(index($0, ENVIRON["key"]) && /^restrict,/)' "$file" > "$new"
keep
unmake "$entry"
`

const keyOf = ({ authorizedLine }: OwnKey): string => authorizedLine.slice(authorizedLine.indexOf(' ') + 1)

/** Again and again with the same result; an account that lets the key do more stays as it is. @throws SshError */
export async function openDoor(jump: SshConnection, ownKey: OwnKey, opens: readonly string[]): Promise<void> {
  const input = `${keyOf(ownKey)}\n${ownKey.authorizedLine}\n${ownKey.doorLine(opens)}\n`
  await jump.must(OPEN_DOOR, { what: "letting the cluster's key through", input })
}

/** Again and again with the same result. @throws SshError */
export async function closeDoor(jump: SshConnection, ownKey: OwnKey): Promise<void> {
  await jump.must(CLOSE_DOOR, { what: "taking the cluster's key out", input: `${keyOf(ownKey)}\n` })
}
