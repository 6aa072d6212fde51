// States of nodes, namespaces, volumes and requests for certificates, and a best guess for kinds that the window does not know.
import type { CertificateSigningRequest } from '../../shared/api/certificates/v1.ts'
import type { Event, Namespace, Node, PersistentVolume, PersistentVolumeClaim } from '../../shared/api/core/v1.ts'
import type { KubeObject } from '../../shared/machinery/object.ts'
import { conditionOf } from '../../shared/machinery/conditions.ts'
import { type StatusView, view } from './tone.ts'
import { t } from '../i18n/i18n.ts'

const PRESSURES = ['MemoryPressure', 'DiskPressure', 'PIDPressure', 'NetworkUnavailable']

export function nodeStatus({ spec, status }: Node): StatusView {
  const ready = conditionOf(status.conditions, 'Ready')
  if (!ready || ready.status === 'Unknown') return view('unknown', 'Unknown', ready?.message)
  if (ready.status !== 'True') return view('failed', 'NotReady', ready.message)
  const pressure = (status.conditions ?? []).find(({ type, status: on }) => PRESSURES.includes(type) && on === 'True')
  if (pressure) return view('warning', pressure.type, pressure.message)
  if (spec.unschedulable) return view('suspended', 'Cordoned', t('Ready, but no new pods are placed here.'))
  return view('healthy', 'Ready')
}

export const namespaceStatus = ({ metadata, status }: Namespace): StatusView => {
  const stuck = status.conditions?.find(({ status: on, type }) => on === 'True' && type !== 'NamespaceContentRemaining')
  return metadata.deletionTimestamp || status.phase === 'Terminating'
    ? view('progressing', 'Terminating', stuck?.message)
    : view('healthy', status.phase ?? 'Active')
}

const volumeTone = { Bound: 'healthy', Available: 'healthy', Pending: 'progressing', Released: 'warning' } as const

export function volumeStatus({ metadata, status }: PersistentVolume | PersistentVolumeClaim): StatusView {
  if (metadata.deletionTimestamp) return view('progressing', 'Terminating')
  const phase = status.phase ?? 'Pending'
  return view(volumeTone[phase as keyof typeof volumeTone] ?? 'failed', phase)
}

export const eventStatus = ({ type }: Event): StatusView =>
  type === 'Warning' ? view('warning', 'Warning') : view('neutral', type ?? 'Normal')

interface Conditioned {
  readonly conditions?: readonly { type: string; status: string; reason?: string; message?: string }[]
  readonly phase?: string
}

/** Reads the conventions most kinds follow: deletion, `Ready`-like conditions, `phase`. */
export function conventionalStatus(object: KubeObject & { status?: unknown }): StatusView | undefined {
  if (object.metadata.deletionTimestamp) return view('progressing', 'Terminating')
  const status = (object.status ?? {}) as Conditioned
  const conditions = Array.isArray(status.conditions) ? status.conditions : []
  for (const type of ['Ready', 'Available', 'Established', 'Succeeded', 'Healthy']) {
    const condition = conditionOf(conditions, type)
    if (!condition) continue
    if (condition.status === 'True') return view('healthy', type)
    if (condition.status === 'False') return view('warning', condition.reason || `Not ${type}`, condition.message)
    return view('unknown', 'Unknown', condition.message)
  }
  return typeof status.phase === 'string' ? view('neutral', status.phase) : undefined
}

/** Of a request for a certificate. */
export function requestStatus({ metadata, status }: CertificateSigningRequest): StatusView {
  if (metadata.deletionTimestamp) return view('progressing', 'Terminating')
  // Nothing is there of one that nobody has looked at yet.
  const { certificate, conditions } = (status as CertificateSigningRequest['status'] | undefined) ?? {}
  const [denied, failed, approved] = ['Denied', 'Failed', 'Approved'].map(type => conditionOf(conditions, type))
  for (const bad of [denied, failed]) if (bad?.status === 'True') return view('failed', bad.type, bad.message)
  if (certificate) return view('healthy', 'Issued', approved?.message)
  return view('progressing', approved?.status === 'True' ? 'Approved' : 'Pending')
}
