// The time machine: revisions, timeline, restoring.

export const history = {
  'This cluster keeps no history': 'Dieser Cluster führt keinen Verlauf',
  'The history cannot be read': 'Der Verlauf ist nicht lesbar',
  'Reading the history…': 'Verlauf wird gelesen …',
  'No history is kept': 'Kein Verlauf vorhanden',
  'Of this kind, or of this object, nothing was recorded.':
    'Von dieser Art oder von diesem Objekt wurde nichts aufgezeichnet.',
  'as it is now': 'aktueller Stand',
  Restore: 'Wiederherstellen',
  'Bring back': 'Zurückholen',
  'As it was on {at}': 'Stand vom {at}',
  'What restoring would change: from now to what it was on {at}':
    'Was Wiederherstellen ändern würde: von jetzt zum Stand vom {at}',
  'What changed from {from} to {to}': 'Was sich vom {from} zum {to} geändert hat',
  'Compared with': 'Verglichen mit',
  'The object as it was': 'Das Objekt im damaligen Stand',
  '{path} set to {value}': '{path} auf {value} gesetzt',
  '{value} added to {path}': '{value} zu {path} hinzugefügt',
  'only what tools note down': 'nur was Werkzeuge vermerken',
  '{path} removed': '{path} entfernt',
  'Bring {kind} {name} back?': '{kind} {name} zurückholen?',
  'Restore {kind} {name}?': '{kind} {name} wiederherstellen?',
  'It is made anew as it was on {at}; what it controlled is made by its controller.':
    'Es entsteht neu im Stand vom {at}; was es gesteuert hat, legt sein Controller an.',
  'Its spec, labels and annotations become what they were on {at}. The change is one more revision, and can be undone as well.':
    'Spec, Labels und Annotationen erhalten den Stand vom {at}. Die Änderung ist eine weitere Revision und lässt sich ebenso rückgängig machen.',
  'It is made anew as it was on {at}, with the objects that were deleted because of it.':
    'Es entsteht neu im Stand vom {at}, samt den Objekten, die seinetwegen gelöscht wurden.',
  '{name} is back, with {n} object | {name} is back, with {n} objects':
    '{name} ist zurück, mit {n} Objekt | {name} ist zurück, mit {n} Objekten',
  '{n} object of {name} is not back | {n} objects of {name} are not back':
    '{n} Objekt von {name} ist nicht zurück | {n} Objekte von {name} sind nicht zurück',
  'The objects of {name} are not back': 'Die Objekte von {name} sind nicht zurück',
  '{kind} is not served yet.': '{kind} wird noch nicht bedient.',
  '{name} is back': '{name} ist zurück',
  'Restored {name}': '{name} wiederhergestellt',
  '{name} was not restored': '{name} wurde nicht wiederhergestellt',
  'Filter by kind, name, reason': 'Nach Art, Name, Grund filtern',
  'Filter the timeline': 'Zeitverlauf filtern',
  'Changes only': 'Nur Änderungen',
  'Pods and replica sets too': 'Auch Pods und ReplicaSets',
  '{n} moment | {n} moments': '{n} Ereignis | {n} Ereignisse',
  'It tells of objects that you may read.': 'Erzählt wird von Objekten, die gelesen werden dürfen.',
  'Nothing was recorded yet': 'Noch nichts aufgezeichnet',
  '{n} older one; filter to see it. | {n} older ones; filter to see them.':
    '{n} älteres; zum Anzeigen filtern. | {n} ältere; zum Anzeigen filtern.',
  Deleted: 'Gelöscht',
  Updated: 'Geändert',
} as const
