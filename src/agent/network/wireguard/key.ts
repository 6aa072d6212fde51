// The node's own key of the encrypted tunnel. It is made here and never leaves the node; a node without its file makes
// another, and the others follow what it then tells.
import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { readState, writeStateSync } from '../state-file.ts'

export interface WireguardKey {
  /** 32 bytes in base64, as `wg` takes them. */
  readonly privateKey: string
  readonly publicKey: string
}

/** @param path of a file that root alone may read */
export function ownKey(path: string): WireguardKey {
  const saved = readState(path)
  const known = typeof saved === 'string' ? keyOf(saved) : undefined
  if (known) return known
  const { privateKey } = generateKeyPairSync('x25519')
  const made = inBase64(privateKey)
  writeStateSync(path, made.privateKey)
  return made
}

/** RFC 8410: what is before the 32 bytes of an X25519 private key in PKCS #8. */
const PKCS8 = Buffer.from('302e020100300506032b656e04220420', 'hex')

function keyOf(privateKey: string): WireguardKey | undefined {
  const bytes = Buffer.from(privateKey, 'base64')
  if (bytes.length !== 32) return undefined
  return inBase64(createPrivateKey({ key: Buffer.concat([PKCS8, bytes]), format: 'der', type: 'pkcs8' }))
}

function inBase64(key: KeyObject): WireguardKey {
  const { d = '', x = '' } = key.export({ format: 'jwk' })
  const text = (part: string) => Buffer.from(part, 'base64url').toString('base64')
  return { privateKey: text(d), publicKey: text(x) }
}
