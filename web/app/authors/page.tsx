import type { Metadata } from 'next';
import { Suspense } from 'react';
import { Authors } from './authors';

export const metadata: Metadata = { title: 'Authors' };
export default function Page() {
  return <Suspense><Authors /></Suspense>; // it reads the address, which only a browser has
}
