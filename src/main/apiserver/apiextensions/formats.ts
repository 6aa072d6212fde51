// The formats that validation knows; others say nothing, as upstream has it. Every expression here is linear.
import { isIP, isIPv4, isIPv6 } from 'node:net'

const isDate = (text: string) => /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(text))

const CHECKS: Readonly<Record<string, (text: string) => boolean>> = {
  date: isDate,
  'date-time': text =>
    /^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:[Zz]|[+-]\d{2}:\d{2})$/.test(text) &&
    !Number.isNaN(Date.parse(text)),
  ipv4: isIPv4,
  ipv6: isIPv6,
  cidr: text => {
    const [address = '', bits = '', ...rest] = text.split('/')
    const version = isIP(address)
    return rest.length === 0 && version !== 0 && /^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128)
  },
  uuid: text => /^[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}$/i.test(text),
  byte: text => text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text),
  uri: text => URL.canParse(text),
}

export const formatFits = (format: string, text: string): boolean =>
  !Object.hasOwn(CHECKS, format) || (CHECKS[format]?.(text) ?? true)
