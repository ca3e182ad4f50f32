// Line icons, 16 by 16, drawn for this page. They are always beside a word or hidden from readers.
const paths = {
  overview: 'M2.5 13.5v-5M6.2 13.5v-9M9.8 13.5V7M13.5 13.5v-11',
  authors: 'M8 8a2.75 2.75 0 1 0 0-5.5A2.75 2.75 0 0 0 8 8zM2.5 13.5c.6-2.3 2.8-3.5 5.5-3.5s4.9 1.2 5.5 3.5',
  posts: 'M2.5 3.5h11v7h-6l-3 2.5v-2.5h-2z',
  trades: 'M4 13V3M4 3 1.8 5.2M4 3l2.2 2.2M12 3v10M12 13l-2.2-2.2M12 13l2.2-2.2',
  risk: 'M8 1.8l5.5 2v4c0 3.2-2.2 5.4-5.5 6.4-3.3-1-5.5-3.2-5.5-6.4v-4z',
  why: 'M8 14.2A6.2 6.2 0 1 0 8 1.8a6.2 6.2 0 0 0 0 12.4zM6.2 6.2a1.8 1.8 0 1 1 2.6 1.7c-.5.3-.8.6-.8 1.3M8 11.3v.1',
  operations: 'M2.5 3h11v4h-11zM2.5 9h11v4h-11zM5 5v.01M5 11v.01',
  settings: 'M2.5 4.5h6M11.5 4.5h2M2.5 11.5h2M7.500 11.5h6M10 2.800v3.400M6 9.800v3.400',
  symbol: 'M4.500 2v2M4.500 11v3M3 4h3v7H3zM11.500 2v4M11.500 10v3M10 6h3v4h-3z',
  menu: 'M2.500 4h11M2.500 8h11M2.500 12h11',
  close: 'M3.500 3.500l9 9M12.500 3.500l-9 9',
  ok: 'M3 8.500l3.200 3.200L13 4.800',
  stop: 'M5 1.800h6l3.200 3.200v6L11 14.200H5L1.800 11V5zM8 4.800v4M8 11v.1',
  warn: 'M8 2.200l6.300 11.300H1.700zM8 6.500v3.500M8 11.700v.1',
  wait: 'M8 14.200A6.200 6.200 0 1 0 8 1.800a6.200 6.200 0 0 0 0 12.400zM8 4.800V8l2.200 1.800',
  skip: 'M3.500 8h9',
  theme: 'M8 14.200A6.200 6.200 0 1 0 8 1.800zM8 1.800a6.200 6.200 0 0 1 0 12.400',
  external: 'M6.500 3.500h-3v9h9v-3M9 2.500h4.500V7M13 3L7.500 8.500',
  down: 'M3.500 6l4.500 4.500L12.500 6',
  bell: 'M3.500 11.500h9c-1-1-1.200-2-1.200-4.300a3.300 3.300 0 0 0-6.600 0c0 2.300-.2 3.300-1.200 4.300zM6.700 13.500h2.600',
} as const;

export type IconName = keyof typeof paths;

export function Icon({ name, className = '' }: { name: IconName; className?: string }) {
  return (
    <svg aria-hidden="true" viewBox="0 0 16 16" width="16" height="16" className={`shrink-0 ${className}`} fill="none"
      stroke="currentColor" strokeWidth="1.5" strokeLinecap="round" strokeLinejoin="round">
      <path d={paths[name]} />
    </svg>
  );
}

/** The bird: black cap, rose breast. */
export function Bird() {
  return (
    <svg aria-hidden="true" viewBox="0 0 24 24" width="24" height="24" className="shrink-0">
      <path d="M4.500 11.500c0-4 3-6.800 6.800-6.800 3.500 0 5.700 2.100 6.200 4.800l4.300 7.800-6.800 1.900c-1 .6-2.300 1-3.900 1-3.900 0-6.600-3.600-6.600-8.700z" className="fill-line-strong" />
      <path d="M4.500 11.500c.9 0 3.500-.3 5.300.6 2.400 1.200 3 4.300 1.300 8.100-3.900 0-6.600-3.600-6.600-8.700z" className="fill-breast" />
      <path d="M11.300 4.700c-3.700 0-6.200 2.300-6.700 5.500L2.500 11.200l2 .9c2.300-.2 5.700-.3 7.800-1.900 1.300-1 1.900-2.900 1.300-5.100-.7-.3-1.500-.4-2.300-.4z" className="fill-text" />
      <circle cx="8.300" cy="8.300" r=".8" className="fill-surface" />
    </svg>
  );
}
