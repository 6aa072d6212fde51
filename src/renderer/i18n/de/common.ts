// Words that many places share.

export const common = {
  Add: 'Hinzufügen',
  Cancel: 'Abbrechen',
  'Close the message': 'Meldung schließen',
  Create: 'Anlegen',
  'Create {kind}': '{kind} anlegen',
  Delete: 'Löschen',
  Details: 'Details',
  'Edit YAML': 'YAML bearbeiten',
  Files: 'Dateien',
  Logs: 'Logs',
  'Logs of the previous run': 'Logs des vorigen Laufs',
  Menu: 'Menü',
  Remove: 'Entfernen',
  Terminal: 'Terminal',
  'Try again': 'Erneut versuchen',
  YAML: 'YAML',
  'and {n} more': 'und {n} weitere',

  // Questions before something is done
  'One less': 'Eins weniger',
  'One more': 'Eins mehr',
  'Type {part} to go on': 'Zum Fortfahren {part} eintippen',

  // How pods are, as in `3 not ready`
  running: 'laufen',
  'starting or stopping': 'starten oder stoppen',
  'not ready': 'nicht bereit',
  failing: 'fehlerhaft',
  completed: 'abgeschlossen',
  unknown: 'unbekannt',
} as const
