// Addresses that may stand behind a service: not the node's own.
import { type FieldError, invalidValue } from '../../../../shared/machinery/field-error.ts'
import { canonicalIP, parseIP } from '../../../../shared/machinery/ip-address.ts'

export function endpointIP(path: string, ip: string): FieldError[] {
  const family = parseIP(ip)?.family
  if (!family) return [invalidValue(path, ip, 'must be a valid IP address')]
  const text = canonicalIP(ip)
  if (text === '0.0.0.0' || text === '::') return [invalidValue(path, ip, `may not be unspecified (${ip})`)]
  if (text.startsWith('127.') || text === '::1')
    return [invalidValue(path, ip, 'may not be in the loopback range (127.0.0.0/8, ::1/128)')]
  if (text.startsWith('169.254.') || (family === 'IPv6' && /^fe[89ab]/.test(text)))
    return [invalidValue(path, ip, 'may not be in the link-local range (169.254.0.0/16, fe80::/10)')]
  if (text.startsWith('224.0.0.') || (family === 'IPv6' && text.startsWith('ff02:')))
    return [invalidValue(path, ip, 'may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)')]
  return []
}
