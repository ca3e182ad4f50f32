import { Overview } from './overview';

export default function Page() {
  return <Overview />;
}
