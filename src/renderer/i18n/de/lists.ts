// Lists of objects: filter, count, columns, empty states.

export const lists = {
  '{n} marked': '{n} markiert',
  'Unmark all': 'Markierungen aufheben',
  'Mark all': 'Alle markieren',
  'Mark {name}': '{name} markieren',
  'Actions for {name}': 'Aktionen für {name}',
  'Open details': 'Details öffnen',
  'Open in another window': 'In weiterem Fenster öffnen',
  'Filter {kinds}': '{kinds} filtern',
  '{n} item | {n} items': '{n} Eintrag | {n} Einträge',
  '{shown} of {n} item | {shown} of {n} items': '{shown} von {n} Eintrag | {shown} von {n} Einträgen',
  'Disconnected; data is {outdated} old': 'Getrennt; Daten sind {outdated} alt',
  Columns: 'Spalten',
  'no room': 'kein Platz',
  'Click to sort; drag, or Alt and an arrow key, to move':
    'Klicken zum Sortieren; Ziehen oder Alt und Pfeiltaste zum Verschieben',
  'Loading {kinds}…': '{kinds} werden geladen …',
  'You may not {verb} {plural}': 'Keine Berechtigung: {verb} {plural}',
  'You may not {verb} {plural} in {namespace}': 'Keine Berechtigung: {verb} {plural} in {namespace}',
  'The server refused this list': 'Der Server hat diese Liste abgelehnt',
  'The cluster does not answer': 'Der Cluster antwortet nicht',
  'The server cannot answer this now': 'Der Server kann das gerade nicht beantworten',
  'Trying again by itself; the last answer was {outdated} ago.':
    'Neue Versuche laufen von selbst; die letzte Antwort kam vor {outdated}.',
  'No {kinds}': 'Keine {kinds}',
  'No {kinds} in {places}': 'Keine {kinds} in {places}',
  'No {kinds} match “{filter}”': 'Keine {kinds} passen zu „{filter}“',
  'Perhaps you may in one namespace: choose it above.': 'Vielleicht ist es in einem Namespace erlaubt: oben wählen.',
  'Show all namespaces': 'Alle Namespaces zeigen',
  'Reset the filter': 'Filter zurücksetzen',
} as const
