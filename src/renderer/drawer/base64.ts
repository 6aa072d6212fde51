// Secret values to text and back.

/** @throws DOMException when it is no base64 */
export const decodeBase64 = (encoded: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(atob(encoded), character => character.charCodeAt(0))

/** @returns undefined when the bytes are not UTF-8 text */
export function decodeBase64Text(encoded: string): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(decodeBase64(encoded))
  } catch {
    return undefined
  }
}

/** How many bytes it stands for. */
export const bytesOfBase64 = (encoded: string): number => Math.floor((encoded.replace(/=+$/, '').length * 3) / 4)

export const encodeBase64Text = (text: string): string =>
  btoa(Array.from(new TextEncoder().encode(text), byte => String.fromCharCode(byte)).join(''))
