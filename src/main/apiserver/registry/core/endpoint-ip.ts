// Addresses that may stand behind a service: not the node's own.
import { isIP } from 'node:net'
import { type FieldError, invalidValue } from '../../../../shared/machinery/field-error.ts'

export function endpointIP(path: string, ip: string): FieldError[] {
  const family = isIP(ip)
  if (family === 0) return [invalidValue(path, ip, 'must be a valid IP address')]
  const lower = ip.toLowerCase()
  if (lower === '0.0.0.0' || lower === '::') return [invalidValue(path, ip, `may not be unspecified (${ip})`)]
  if (lower.startsWith('127.') || lower === '::1')
    return [invalidValue(path, ip, 'may not be in the loopback range (127.0.0.0/8, ::1/128)')]
  if (lower.startsWith('169.254.') || (family === 6 && /^fe[89ab]/.test(lower)))
    return [invalidValue(path, ip, 'may not be in the link-local range (169.254.0.0/16, fe80::/10)')]
  if (lower.startsWith('224.0.0.') || (family === 6 && lower.startsWith('ff02:')))
    return [invalidValue(path, ip, 'may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)')]
  return []
}
