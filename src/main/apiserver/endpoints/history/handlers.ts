// The API group of the history, for objects in namespaces and for those of the cluster.
import type { HistoryLog } from '../../../store/history/contract.ts'
import { clusterObjectRevisions, objectRevisions } from '../../registry/history/object-revision.ts'
import type { SubresourceHandler } from '../contract.ts'
import { diffHandler, restoreHandler } from './restore.ts'
import { revisionHandler } from './revisions.ts'

export const historyHandlers = (history: HistoryLog): SubresourceHandler[] =>
  [objectRevisions, clusterObjectRevisions].flatMap(of => [
    revisionHandler(of, history),
    diffHandler(of, history),
    restoreHandler(of, history),
  ])
