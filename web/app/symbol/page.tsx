import type { Metadata } from 'next';
import { Suspense } from 'react';
import { SymbolPage } from './symbol';

export const metadata: Metadata = { title: 'Symbol' };
export default function Page() {
  return <Suspense><SymbolPage /></Suspense>; // it reads the address, which only a browser has
}
