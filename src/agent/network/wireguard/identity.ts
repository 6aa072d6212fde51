// What a node tells of its end of the encrypted tunnel: an annotation of its Node object. Whoever may write that may say
// anything: it is parsed before it gets near a configuration.

export interface WireguardIdentity {
  /** 32 bytes in base64. */
  readonly publicKey: string
  readonly port: number
}

export const WIREGUARD_ANNOTATION = 'flotilla.dev/wireguard'

const KEY = /^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/

export const formatIdentity = ({ publicKey, port }: WireguardIdentity): string => JSON.stringify({ publicKey, port })

/** @returns undefined for what no node of ours wrote */
export function parseIdentity(text: string | undefined): WireguardIdentity | undefined {
  let json: unknown
  try {
    json = JSON.parse(text ?? '')
  } catch {
    return undefined
  }
  const { publicKey, port } = (json ?? {}) as Readonly<Record<string, unknown>>
  if (typeof publicKey !== 'string' || !KEY.test(publicKey)) return undefined
  if (typeof port !== 'number' || !Number.isInteger(port) || port < 1 || port > 65_535) return undefined
  return { publicKey, port }
}
