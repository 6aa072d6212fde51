// Values of secrets: as text, and how large they are without their padding.
import { describe, expect, it } from 'vitest'
import { bytesOfBase64, decodeBase64Text, encodeBase64Text } from '@/drawer/base64.ts'

describe('a secret value', () => {
  it.each(['', 'a', 'ab', 'abc', 'hunter2', 'pässword', '💥'])('%j is as large as its bytes, and comes back', text => {
    expect(bytesOfBase64(encodeBase64Text(text))).toBe(new TextEncoder().encode(text).length)
    expect(decodeBase64Text(encodeBase64Text(text))).toBe(text)
  })
  it('is no text where its bytes are none', () => {
    expect(decodeBase64Text(btoa('\xff\xfe'))).toBeUndefined()
  })
})
