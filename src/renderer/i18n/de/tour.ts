// The tour for those who are new.

export const tour = {
  Tour: 'Rundgang',
  'New here? A tour of six places takes half a minute.':
    'Neu hier? Ein Rundgang zu sechs Orten dauert eine halbe Minute.',
  'No, thanks': 'Nein, danke',
  'Take the tour': 'Rundgang starten',
  '{step} of {all}': '{step} von {all}',
  Skip: 'Überspringen',
  Next: 'Weiter',
  Finish: 'Abschließen',
  'Everything the cluster has': 'Alles, was der Cluster hat',
  'Every kind has its list here, custom resources too. What you star comes first.':
    'Jede Art hat hier ihre Liste, auch eigene Ressourcen. Favoriten stehen zuerst.',
  'How it hangs together': 'Wie es zusammenhängt',
  'The map leads from the ingress to the node, and shows where trouble arrives. “Why?” tells what is behind it.':
    'Die Karte führt vom Ingress bis zum Node und zeigt, wo Störungen ankommen. „Warum?“ sagt, was dahintersteckt.',
  'One key to anywhere': 'Eine Taste führt überallhin',
  'The palette goes to any kind, object or action. A colon jumps to a kind by its short name, such as po.':
    'Die Palette führt zu jeder Art, jedem Objekt, jeder Aktion. Ein Doppelpunkt springt per Kurzname zu einer Art, etwa po.',
  'Told when something fails': 'Meldung bei Ausfällen',
  'Workloads and nodes that fail for longer than a moment are listed here.':
    'Workloads und Nodes, die länger als einen Moment ausfallen, stehen hier.',
  'Make something': 'Etwas anlegen',
  'By form or YAML, in step with each other and with kubectl; or drop manifests anywhere on the window.':
    'Per Formular oder YAML, im Gleichschritt miteinander und mit kubectl; oder Manifeste irgendwo auf dem Fenster ablegen.',
  'All keys': 'Alle Tasten',
  'Press ? anywhere for the keys, and for this tour again.':
    '? zeigt überall die Tasten und startet diesen Rundgang erneut.',
} as const
