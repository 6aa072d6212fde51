// Addresses of both families, read and written. The canonical text is compared with that of the platform's URLs.
import { expect, it } from 'vitest'
import { formatIP, parseIP } from '../../src/shared/machinery/ip-address.ts'

const canonical = (text: string) => {
  const ip = parseIP(text)
  return ip && formatIP(ip)
}

it.each([
  '::', '::1', '1::', 'fd00:10:96::', 'FD00::0001', '2001:db8:0:0:1:0:0:1', '2001:db8:0:1:1:1:1:1', '1:0:0:2:0:0:0:3',
  '0:0:1:0:0:0:0:0', 'fe80:0:0:0:0:0:0:1', '1:2:3:4:5:6:7:8', '10::10', 'a0:0:0:b:c:d:e:f0', '100:0:0:0:1:0:0:0',
])('writes %s as URLs do', text => {
  expect(canonical(text)).toBe(new URL(`http://[${text}]`).hostname.slice(1, -1))
}) // prettier-ignore

it.each(['0.0.0.0', '10.96.0.1', '255.255.255.255'])('leaves %s as it is', text => expect(canonical(text)).toBe(text))

it('reads a dotted quad at the end', () => expect(canonical('::ffff:10.0.0.1')).toBe('::ffff:a00:1'))

it.each(['', ':', ':::', '1::2::3', '1:2:3', '1:2:3:4:5:6:7:8:9', '1:2:3:4:5:6:7::8:9', 'g::', '12345::', 'fe80::1%eth0',
  '10.0.0', '10.0.0.256', '010.0.0.1', '::10.0.0', '10.0.0.1::'])('does not take %j', text => {
  expect(parseIP(text)).toBeUndefined()
}) // prettier-ignore
