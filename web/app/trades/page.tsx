import type { Metadata } from 'next';
import { Suspense } from 'react';
import { Trades } from './trades';

export const metadata: Metadata = { title: 'Trades' };
export default function Page() {
  return <Suspense><Trades /></Suspense>; // it reads the address, which only a browser has
}
