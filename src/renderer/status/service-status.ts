// A service's state: whether anything answers behind it.
import type { Pod, Service } from '../../shared/api/core/v1.ts'
import { isPodReady } from './pod-status.ts'
import { type StatusView, view } from './tone.ts'
import { t } from '../i18n/i18n.ts'

/** @param pods those that its selector matches and that are not over; undefined where pods are not known, or not yet */
export function serviceStatus({ metadata, spec }: Service, pods: readonly Pod[] | undefined): StatusView {
  if (metadata.deletionTimestamp) return view('progressing', 'Terminating')
  if (spec.type === 'ExternalName') return view('neutral', 'External name')
  if (Object.keys(spec.selector ?? {}).length === 0)
    return view('neutral', 'No selector', t('Its endpoints are kept by somebody else.'))
  if (!pods) return view('unknown', 'Unknown', t('Its pods are not listed.'))
  if (pods.length === 0) return view('failed', 'No pods', t('Its selector matches no pod that runs or will run.'))
  const ready = pods.filter(isPodReady).length
  const text = t('{ready} of {n} ready', { ready, n: pods.length })
  if (ready === 0) return view('failed', text, t('No pod behind this service is ready.'))
  return view(ready < pods.length ? 'warning' : 'healthy', text)
}
