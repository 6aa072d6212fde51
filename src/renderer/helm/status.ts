// A release's status in Helm's own word, with our colours.
import { type StatusView, type Tone, view } from '../status/tone.ts'

const TONES: Readonly<Record<string, Tone>> = {
  deployed: 'healthy',
  failed: 'failed',
  superseded: 'neutral',
  uninstalled: 'suspended',
  uninstalling: 'progressing',
  'pending-install': 'progressing',
  'pending-upgrade': 'progressing',
  'pending-rollback': 'progressing',
}

export const releaseStatus = (status: string): StatusView => view(TONES[status] ?? 'unknown', status || 'unknown')
