// Secret values to text and back.

/** @returns undefined when the bytes are not UTF-8 text */
export function decodeBase64Text(encoded: string): string | undefined {
  try {
    const bytes = Uint8Array.from(atob(encoded), character => character.charCodeAt(0))
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return undefined
  }
}

/** How many bytes it stands for. */
export const bytesOfBase64 = (encoded: string): number => Math.floor((encoded.replace(/=+$/, '').length * 3) / 4)

export const encodeBase64Text = (text: string): string =>
  btoa(Array.from(new TextEncoder().encode(text), byte => String.fromCharCode(byte)).join(''))
