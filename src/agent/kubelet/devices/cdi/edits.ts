// What CDI devices mean for a container in the terms of the container engine, where that does not read CDI itself.
import type { Device, Mount } from '../../runtime/contract.ts'
import type { NodeNumbers } from './device-node.ts'
import { type CdiDevice, type CdiDevices, CdiError, type ContainerEdits } from './spec.ts'

/** A device of the machine, or one of these numbers that is still to be made on it. */
export type CdiNode = Device & { readonly numbers?: NodeNumbers }

/** What a container gets beside what its pod says. */
export interface ContainerAdditions {
  /** `NAME=value`, which stand over those of the pod. */
  readonly env: readonly string[]
  readonly mounts: readonly Mount[]
  readonly devices: readonly CdiNode[]
  readonly groups: readonly number[]
  /** Devices that NVIDIA's own part of the engine is to give. */
  readonly nvidia: readonly string[]
}

/** What it is called whose hooks the engine's own part replaces. */
const NVIDIA = 'nvidia.com/gpu='

/** @param names of devices, in full @throws CdiError when one is not there, or needs what the engine cannot do */
export function additionsOf(names: readonly string[], { devices, problems, broken }: CdiDevices): ContainerAdditions {
  const wanted = [...new Set(names)].map(name => {
    const device = devices.get(name)
    if (device) return [name, device] as const
    const why = problems.get(name) ?? broken.join('; ')
    throw new CdiError(`unresolvable CDI devices ${name}${why ? ` (${why})` : ''}`)
  })
  const nvidia = wanted.filter(([name, device]) => name.startsWith(NVIDIA) && hasHooks(device))
  const others = wanted.filter(each => !nvidia.includes(each))
  for (const [name, device] of others) refuseWhatCannotBe(name, device)
  const edits = [...new Set(others.flatMap(([, { common, edits: own }]) => [common, own]))]
  return {
    env: edits.flatMap(({ env = [] }) => env),
    mounts: edits.flatMap(({ mounts = [] }) => mounts.map(toMount)),
    devices: edits.flatMap(({ deviceNodes = [] }) => deviceNodes.map(toDevice)),
    groups: edits.flatMap(({ additionalGids = [] }) => additionalGids.filter(gid => gid > 0)),
    nvidia: nvidia.map(([name]) => name.slice(NVIDIA.length)),
  }
}

const hasHooks = ({ common, edits }: CdiDevice): boolean =>
  [common, edits].some(({ hooks = [] }: ContainerEdits) => hooks.length > 0)

function refuseWhatCannotBe(name: string, device: CdiDevice): void {
  const needs = 'which needs a Docker that reads CDI itself: version 25 or newer, with CDI enabled'
  if (hasHooks(device)) throw new CdiError(`the CDI device ${name} runs programs as its container starts, ${needs}`)
  for (const { netDevices = [], mounts = [] } of [device.common, device.edits]) {
    if (netDevices.length > 0) throw new CdiError(`the CDI device ${name} brings network devices, ${needs}`)
    const other = mounts.find(
      ({ type, hostPath }) => (type && type !== 'bind' && type !== 'none') || !hostPath.startsWith('/'),
    )
    if (other) throw new CdiError(`the CDI device ${name} mounts ${other.type ?? other.hostPath}, ${needs}`)
  }
}

type MountEdit = NonNullable<ContainerEdits['mounts']>[number]
type NodeEdit = NonNullable<ContainerEdits['deviceNodes']>[number]

const PROPAGATIONS: Readonly<Record<string, Mount['propagation']>> = {
  rslave: 'rslave', slave: 'rslave', rshared: 'rshared', shared: 'rshared',
} // prettier-ignore

function toMount({ hostPath, containerPath, options = [] }: MountEdit): Mount {
  const propagation = options.map(option => PROPAGATIONS[option]).find(each => each !== undefined)
  return { hostPath, containerPath, readOnly: options.includes('ro'), ...(propagation ? { propagation } : {}) }
}

/** What says of which numbers it is need not be there on the machine. */
function toDevice({ path, hostPath, permissions, type, major = 0, minor = 0, ...owner }: NodeEdit): CdiNode {
  const device = { hostPath: hostPath ?? path, containerPath: path, permissions: permissions || 'rwm' }
  if (!type || (major === 0 && type !== 'p')) return device
  const { fileMode = ANYBODY, uid = 0, gid = 0 } = owner
  return { ...device, numbers: { type, major, minor, mode: fileMode & 0o7777, uid, gid } }
}
const ANYBODY = 0o666
