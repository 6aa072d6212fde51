// How a cluster of this computer is, in a word.
import type { LocalCluster } from '../../preload/channels.ts'
import { type StatusView, view } from '../status/tone.ts'

const DOING: Readonly<Record<NonNullable<LocalCluster['doing']>, StatusView>> = {
  create: view('progressing', 'Being made'),
  start: view('progressing', 'Starting'),
  stop: view('progressing', 'Stopping'),
  reset: view('progressing', 'Being made anew'),
  delete: view('progressing', 'Being deleted'),
}

export function localClusterStatus({ doing, isRunning, nodes, runningNodes }: LocalCluster): StatusView {
  if (doing) return DOING[doing]
  if (!isRunning) return view('suspended', 'Stopped')
  return runningNodes < nodes ? view('warning', 'Nodes are missing') : view('healthy', 'Running')
}
