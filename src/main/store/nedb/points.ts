// The moments between two steps of the engine at which a test stops it, ends the process or cuts the power: whatever was
// acknowledged by then must be there afterwards. In use nobody listens, and a point costs a look at an absent hook.

export const STORE_POINTS = [
  // opening
  'open.locked',
  'open.format-checked',
  'open.tail-cut',
  'open.tail-synced',
  'open.segment-started',
  'open.cleaned',
  'open.ceiling-reserved',
  // a group commit
  'commit.staged',
  'commit.ceiling-reserved',
  'append.started',
  'append.written',
  'append.synced',
  'commit.acknowledged',
  // a failed append that is taken back
  'undo.truncated',
  'undo.synced',
  // a fresh segment
  'segment.created',
  'segment.synced',
  'segment.listed',
  'roll.started',
  'roll.manifest-replaced',
  'roll.finished',
  // compaction
  'compact.started',
  'snapshot.created',
  'snapshot.batch-written',
  'snapshot.written',
  'snapshot.synced',
  'snapshot.listed',
  'compact.manifest-replaced',
  'compact.file-removed',
  'compact.finished',
  // a file that is replaced as a whole: manifest, ceiling, format
  'replace.created',
  'replace.written',
  'replace.synced',
  'replace.renamed',
  'replace.listed',
] as const

export type StorePoint = (typeof STORE_POINTS)[number]
