// What drivers may tell of the devices that a claim was given.
import type { AllocatedDeviceStatus, ResourceClaim } from '../../../../shared/api/resource/v1.ts'
import { type FieldError, invalidValue, required, tooLong } from '../../../../shared/machinery/field-error.ts'
import { formatIP, parseIP } from '../../../../shared/machinery/ip-address.ts'
import { isObject } from '../../../../shared/machinery/json-object.ts'
import { byteLength, dns1123Label } from '../../../../shared/machinery/names.ts'
import { list } from '../support/collections.ts'
import { validateConditions } from '../support/conditions.ts'
import { atMost, each, obey, uniqueBy } from '../support/rules.ts'
import { driverName } from './validate-requests.ts'
import { poolNameErrors } from './validate-slice.ts'

const MOST_CONDITIONS = 8
const MOST_DATA_BYTES = 10 * 1024
const MOST_ADDRESSES = 16
const LONGEST_INTERFACE = 256
const LONGEST_HARDWARE_ADDRESS = 128

type Device = Partial<Pick<AllocatedDeviceStatus, 'driver' | 'pool' | 'device' | 'shareID'>>

/** @returns what tells one device from another, of a claim's status as of its allocation */
export const identity = ({ driver = '', pool = '', device = '', shareID }: Device) =>
  [driver, pool, device, ...(shareID === undefined ? [] : [shareID])].join('/')

function dataErrors(path: string, data: unknown): FieldError[] {
  if (data === undefined) return []
  if (byteLength(JSON.stringify(data)) > MOST_DATA_BYTES) return [tooLong(path, MOST_DATA_BYTES)]
  if (data === null) return [required(path)]
  return isObject(data) ? [] : [invalidValue(path, '<value omitted>', 'must be a valid JSON object')]
}

/** An address with the length of its network, as an interface has it. */
function interfaceAddress(path: string, value: string): FieldError[] {
  const [address = '', bits = '', ...more] = value.split('/')
  const ip = parseIP(address)
  const isLength = /^\d{1,3}$/.test(bits) && Number(bits) <= (ip?.family === 'IPv6' ? 128 : 32)
  if (!ip || !isLength || more.length > 0)
    return [invalidValue(path, value, 'must be a valid address in CIDR form, (e.g. 10.9.8.7/24 or 2001:db8::1/64)')]
  const canonical = `${formatIP(ip)}/${Number(bits)}`
  return value === canonical ? [] : [invalidValue(path, value, `must be in canonical form ("${canonical}")`)]
}

function networkErrors(path: string, network: AllocatedDeviceStatus['networkData']): FieldError[] {
  if (!network) return []
  const { interfaceName = '', hardwareAddress = '', ips } = network
  const bounded = (field: string, value: string, most: number) =>
    byteLength(value) > most ? [tooLong(`${path}.${field}`, most)] : []
  return [
    ...bounded('interfaceName', interfaceName, LONGEST_INTERFACE),
    ...bounded('hardwareAddress', hardwareAddress, LONGEST_HARDWARE_ADDRESS),
    ...atMost(`${path}.ips`, ips, MOST_ADDRESSES),
    ...each(`${path}.ips`, ips, interfaceAddress),
    ...uniqueBy(`${path}.ips`, ips, address => address),
  ]
}

/** As upstream shows which device is meant. */
const told = ({ driver, pool, device, shareID = '' }: AllocatedDeviceStatus) => ({
  Driver: driver,
  Pool: pool,
  Device: device,
  ShareID: shareID,
})

export function validateDeviceStatuses(path: string, { allocation, devices }: ResourceClaim['status']): FieldError[] {
  const allocated = new Set(list(allocation?.devices?.results).map(identity))
  return [
    ...each(path, devices, (at, status) => [
      ...driverName(`${at}.driver`, status.driver),
      ...poolNameErrors(`${at}.pool`, status.pool),
      ...obey(`${at}.device`, status.device ?? '', dns1123Label),
      ...(allocated.has(identity(status))
        ? []
        : [invalidValue(at, told(status), 'must be an allocated device in the claim')]),
      ...atMost(`${at}.conditions`, status.conditions, MOST_CONDITIONS),
      ...validateConditions(`${at}.conditions`, status.conditions),
      ...dataErrors(`${at}.data`, status.data),
      ...networkErrors(`${at}.networkData`, status.networkData),
    ]),
    ...uniqueBy(path, devices, identity),
  ]
}
