// Who answers on the other side: a host key is shown once, pinned, and never silently replaced.
import { createHash } from 'node:crypto'
import { say } from '../say.ts'
import { type HostKeyPins, type Prompter, SshError, question } from './contract.ts'

/** @returns the fingerprint as ssh-keygen prints it: `SHA256:` and base64 without padding */
export const fingerprintOf = (key: Buffer): string =>
  `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`

/** @returns the key's algorithm, the first string of its blob: `ssh-ed25519` */
export function keyTypeOf(key: Buffer): string {
  const length = key.length >= 4 ? key.readUInt32BE(0) : 0
  return length > 0 && length <= 64 && key.length >= 4 + length ? key.toString('latin1', 4, 4 + length) : 'unknown'
}

/** @throws SshError HostKeyChanged, HostKeyRejected */
export async function verifyHostKey(
  endpoint: string,
  key: Buffer,
  { pins, prompter }: { readonly pins: HostKeyPins; readonly prompter: Prompter },
): Promise<void> {
  const fingerprint = fingerprintOf(key)
  const pinned = pins.get(endpoint)
  if (pinned === fingerprint) return
  if (pinned !== undefined)
    throw new SshError(
      'HostKeyChanged',
      say('{endpoint} showed another host key than the one that was accepted: {fingerprint}, not {accepted}.', {
        endpoint,
        fingerprint,
        accepted: pinned,
      })
        .and(say('Either the host was installed anew, or somebody is between you and it; nothing was sent to it.'))
        .and(
          say('If you know why the key is another one: flotilla node remove HOST --forget, then add the host again.'),
        ),
    )
  const answer = await prompter.ask({
    kind: 'HostKey',
    about: endpoint,
    ...question(
      say('{endpoint} is new here. Its {type} host key is {fingerprint}. Is this the right host?', {
        endpoint,
        type: keyTypeOf(key),
        fingerprint,
      }),
    ),
    fingerprint,
    echo: true,
  })
  // The fingerprint itself is an answer as well: whoever typed it has compared it.
  if (answer !== 'yes' && answer !== fingerprint)
    throw new SshError(
      'HostKeyRejected',
      say(
        'the host key of {endpoint} was not accepted; nothing was sent to it. It showed {fingerprint}. Compare it with what the host says itself (ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub): where they are the same, do this again, and accept it',
        { endpoint, fingerprint },
      ),
    )
  await pins.pin(endpoint, fingerprint)
}
