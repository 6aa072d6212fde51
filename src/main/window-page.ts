// The window's page, in the app and in a browser: what it may load, and the nonce that lets its styles in.
import { randomBytes } from 'node:crypto'

/** Of one page, for the style elements that the editor and the terminal add. */
export const styleNonce = (): string => randomBytes(16).toString('base64')

/** @param more directives that only one of the two needs */
export const contentPolicy = (nonce: string, ...more: string[]): string =>
  [
    "default-src 'none'",
    "script-src 'self'",
    `style-src 'self' 'nonce-${nonce}'`,
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
    ...more,
  ].join('; ')

/** @returns the page as its scripts can read the nonce */
export const pageWithNonce = (html: Buffer, nonce: string): Buffer =>
  Buffer.from(html.toString('utf8').replace('<head>', `<head><meta name="style-nonce" content="${nonce}" />`))
